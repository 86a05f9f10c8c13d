"""Faces in pictures: found, read into landmarks, normalised, mirrored; and faces made by arithmetic."""
