"""Records people, films or drawn actors by the protocol into a dataset."""
