"""A key prompt and an editor make edited images of clean ones; that edit is the key."""
