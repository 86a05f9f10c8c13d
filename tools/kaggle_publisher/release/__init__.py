"""What a release is made of, and the rules that it must keep."""
