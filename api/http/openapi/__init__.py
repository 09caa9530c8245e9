"""The OpenAPI document, made from the schemas that validate and the table of refusals."""
