"""The stories of the demo, as data, and the one who enters them through the services' API."""
