package dev.andante.compute.host;

import dev.andante.compute.Dequantizer;
import dev.andante.compute.HostTensor;
import dev.andante.compute.UnsupportedTensorException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of {@link dev.andante.compute.Backend#load(String, List, List)}, checked.
 *
 * @param parts at least one, with equal inputs
 * @param bias {@code [sum of outputs]}, or null = none
 */
public record WeightParts(String name, List<HostTensor> parts, float @Nullable [] bias) {

  private static final String SHAPES = "vectors [n], matrices [outputs, inputs], stacked matrices";

  /**
   * @throws UnsupportedTensorException naming the tensor and what is supported
   * @throws IllegalArgumentException if there are no parts, or not as many biases
   */
  public static WeightParts of(
      String name, List<HostTensor> parts, @Nullable List<@Nullable HostTensor> bias) {
    if (parts.isEmpty()) {
      throw new IllegalArgumentException(name + ": no parts");
    }
    for (HostTensor part : parts) {
      if (part.shape().length == 0) {
        throw new UnsupportedTensorException(part.name(), "a shape without dimensions", SHAPES);
      }
      if (part.columns() != parts.getFirst().columns()) {
        throw new UnsupportedTensorException(
            part.name(),
            part.columns() + " inputs beside " + parts.getFirst().columns() + " in " + name,
            "parts with equal inputs");
      }
    }
    return new WeightParts(
        name, List.copyOf(parts), bias == null ? null : stackBias(name, parts, bias));
  }

  private static float[] stackBias(
      String name, List<HostTensor> parts, List<@Nullable HostTensor> bias) {
    if (bias.size() != parts.size()) {
      throw new IllegalArgumentException(
          name + ": " + bias.size() + " biases for " + parts.size() + " parts");
    }
    float[] stacked = new float[parts.stream().mapToInt(HostTensor::rows).sum()];
    int at = 0;
    for (int i = 0; i < parts.size(); i++) {
      int outputs = parts.get(i).rows();
      HostTensor one = bias.get(i);
      if (one != null) {
        if (one.elements() != outputs) {
          throw new UnsupportedTensorException(
              one.name(), "a bias of shape " + Arrays.toString(one.shape()), "[" + outputs + "]");
        }
        System.arraycopy(Dequantizer.dequantize(one), 0, stacked, at, outputs);
      }
      at += outputs;
    }
    return stacked;
  }

  public int inputs() {
    return parts.getFirst().columns();
  }

  /** Of all parts. */
  public int outputs() {
    return Math.toIntExact(parts.stream().mapToLong(HostTensor::rows).sum());
  }

  /** Writes one output's weights as the file has them to {@code target[at …]}. */
  public void read(int output, Dequantizer dequantizer, float[] target, int at) {
    int index = output;
    for (HostTensor part : parts) {
      if (index < part.rows()) {
        dequantizer.row(part, index, target, at);
        return;
      }
      index -= part.rows();
    }
    throw new IndexOutOfBoundsException(name + ": output " + output + " of " + outputs());
  }
}
