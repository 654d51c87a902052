"""The patients: each a training script as a student would write it, with one defect."""
