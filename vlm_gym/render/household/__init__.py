"""Pictures of the household: icons of objects, drawings of furniture, and a gallery of both."""
