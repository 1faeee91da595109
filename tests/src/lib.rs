//! The harness of the end-to-end tests: a cluster, databases, tools run as a user runs them.
