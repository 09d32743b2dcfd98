"""The built-in train driver: jobs as detached processes on this machine."""
