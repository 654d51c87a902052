"""Train a network: from one readable loop to the trainer that a laptop or several GPUs can run."""
