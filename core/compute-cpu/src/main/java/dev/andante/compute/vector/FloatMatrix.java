package dev.andante.compute.vector;

import dev.andante.compute.Dequantizer;
import dev.andante.compute.HostTensor;
import jdk.incubator.vector.FloatVector;

/** F32 as it is and F16 widened: rows zero-padded to whole vectors. */
final class FloatMatrix implements PackedMatrix {

  private final int outputs;
  private final int inputs;
  private final int stride;
  private final float[] values;

  FloatMatrix(int outputs, int inputs) {
    this.outputs = outputs;
    this.inputs = inputs;
    this.stride = Lanes.roundUp(inputs);
    this.values = new float[Math.multiplyExact(outputs, stride)];
  }

  void pack(int output, HostTensor tensor, int row) {
    new Dequantizer().row(tensor, row, values, output * stride);
  }

  @Override
  public int outputs() {
    return outputs;
  }

  @Override
  public int inputs() {
    return inputs;
  }

  @Override
  public long bytes() {
    return (long) Float.BYTES * values.length;
  }

  @Override
  public void dot(float[] x, int xAt, int from, int to, float[] dots, int at) {
    for (int output = from; output < to; output += 3) {
      int last = to - 1;
      FloatProducts.oneByThree(
          x,
          xAt,
          values,
          output * stride,
          Math.min(output + 1, last) * stride,
          Math.min(output + 2, last) * stride,
          stride,
          dots,
          at + output - from,
          to - output);
    }
  }

  @Override
  public void unpack(int output, float[] target, int at) {
    for (int i = 0; i < stride; i += Lanes.COUNT) {
      FloatVector.fromArray(Lanes.FLOATS, values, output * stride + i).intoArray(target, at + i);
    }
  }
}
