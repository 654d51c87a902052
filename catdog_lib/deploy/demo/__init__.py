"""A page that runs a trained network in the browser: a folder of files for any web server."""
