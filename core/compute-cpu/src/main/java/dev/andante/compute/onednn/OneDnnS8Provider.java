package dev.andante.compute.onednn;

/** Offers s8 products of many rows, called {@code onednn-s8}; never chosen unless named. */
public final class OneDnnS8Provider extends OneDnnProvider {

  public OneDnnS8Provider() {
    super(Format.S8, Isa.NATIVE);
  }
}
