"""Face landmarks and blendshapes of a dataset's pictures, for models that take them as input."""
