"""Where figures come from: results and what they name, the dataset, and the sections of a page on them."""
