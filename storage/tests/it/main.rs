//! Tests of the storage, as one binary.
