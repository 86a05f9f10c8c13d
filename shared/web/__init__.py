"""What local pages need: a server on this computer, and pinned npm packages."""
