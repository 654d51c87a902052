"""Grade what students hand in: find their answers, run each in a sandbox, report to everyone."""
