"""What several test folders share: servers, clocks, builders. Holds no test."""
