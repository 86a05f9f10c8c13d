"""What two or more tools need. Imports third parties only, never a tool."""
