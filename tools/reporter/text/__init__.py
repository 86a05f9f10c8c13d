"""All words of the reports, in English and Korean."""
