package dev.andante.compute.onednn;

import dev.andante.compute.Weight;
import dev.andante.compute.host.WeightParts;
import org.jspecify.annotations.Nullable;

/**
 * A parameter: as the other backend has it, as the library multiplies with it, or both.
 *
 * @param rest the other backend's; null if the library does all products
 * @param product the library's; null if it does none
 * @param source of a weight that the library alone has: rows of a table are read from it, so its
 *     tensors must stay valid for as long as it is used as one; null where the other backend has it
 */
record OneDnnWeight(
    String name,
    int outputs,
    int inputs,
    @Nullable Weight rest,
    @Nullable Product product,
    @Nullable WeightParts source)
    implements Weight {

  /** The library does the products that {@code product} is for, or none. */
  static OneDnnWeight shared(WeightParts of, Weight rest, @Nullable Product product) {
    return new OneDnnWeight(of.name(), of.outputs(), of.inputs(), rest, product, null);
  }

  /** The library does all products. */
  static OneDnnWeight alone(WeightParts of, Product product) {
    return new OneDnnWeight(of.name(), of.outputs(), of.inputs(), null, product, of);
  }

  @Override
  public long bytes() {
    return (rest == null ? 0 : rest.bytes()) + (product == null ? 0 : product.bytes());
  }
}
