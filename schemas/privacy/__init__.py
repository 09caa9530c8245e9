"""What a patient may ask of their own data, and what they agree to."""
