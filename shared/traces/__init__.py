"""Where a person is: in a dataset, its copies, and in everything that was made of them."""
