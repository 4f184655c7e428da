"""The program's version, without importing anything."""

VERSION = "0.1.0"
