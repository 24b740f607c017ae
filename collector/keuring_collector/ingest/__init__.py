"""The way in: gRPC services, identity, decoding, and the one writer that folds, judges and commits."""
