"""A patient's data in their hands, or in those of who treats them: a zip, made when it is read."""
