"""The version of the contract: major for what breaks readers, minor for what is added."""

CONTRACT_VERSION = "2.0"
