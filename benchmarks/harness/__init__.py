"""The side-by-side benchmark's parts; standard library only. ../compute.py, ../kernels.py and ../bench.py are the programs."""
