"""The forms about a patient: shown, sent, refused beside the field, and gone on from."""
