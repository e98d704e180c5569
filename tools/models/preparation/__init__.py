"""Derived images to look at: denoised, equalised, bias-corrected, resampled. What is measured is the original."""
