"""The tamper-evident log: leaves, tree, tiles, checkpoints, proofs. Bytes in, verdict out."""
