"""Face landmarks and blendshapes of a dataset's pictures, for the models that eat them."""
