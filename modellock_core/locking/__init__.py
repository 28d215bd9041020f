"""The method: the finetune that works on keyed images and fails on clean ones, and what it makes."""
