package dev.andante.compute.onednn;

import dev.andante.compute.Dequantizer;
import dev.andante.compute.HostTensor;
import dev.andante.compute.Weight;
import dev.andante.compute.host.WeightParts;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A parameter: as the other backend has it, as the library multiplies with it, or both.
 *
 * @param rest the other backend's; null if the library does all products
 * @param product the library's; null if it does none
 * @param rows the tensors of a weight that the library alone has: rows of a table are read from
 *     them, so they must stay valid for as long as it is used as one
 */
record OneDnnWeight(
    String name,
    int outputs,
    int inputs,
    @Nullable Weight rest,
    @Nullable Product product,
    List<HostTensor> rows)
    implements Weight {

  /** The library does the products that {@code product} is for, or none. */
  static OneDnnWeight shared(WeightParts of, Weight rest, @Nullable Product product) {
    return new OneDnnWeight(of.name(), of.outputs(), of.inputs(), rest, product, List.of());
  }

  /** The library does all products. */
  static OneDnnWeight alone(WeightParts of, Product product) {
    return new OneDnnWeight(of.name(), of.outputs(), of.inputs(), null, product, of.parts());
  }

  @Override
  public long bytes() {
    return (rest == null ? 0 : rest.bytes()) + (product == null ? 0 : product.bytes());
  }

  /** Writes one output as the file has it to {@code target[at …]}. */
  void read(int output, Dequantizer dequantizer, float[] target, int at) {
    int index = output;
    for (HostTensor part : rows) {
      if (index < part.rows()) {
        dequantizer.row(part, index, target, at);
        return;
      }
      index -= part.rows();
    }
    throw new IndexOutOfBoundsException(name + ": output " + output + " of " + outputs);
  }
}
