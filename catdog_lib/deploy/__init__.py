"""Give a trained network away: as a file that runs without this library, and with a model card."""
