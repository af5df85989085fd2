"""What operators are given: images, compose files and manifests, read by the tools that read them for real."""
