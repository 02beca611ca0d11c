"""What a stopped run resumes from: checkpoints, read strictly."""
