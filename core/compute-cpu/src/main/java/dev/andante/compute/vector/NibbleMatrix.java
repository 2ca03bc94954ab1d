package dev.andante.compute.vector;

import dev.andante.compute.HostTensor;
import dev.andante.compute.QuantizedBlock;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Four-bit codes with an f32 scale and minimum for each 32 inputs. Eight codes share an int: of
 * each group of 8L inputs, input {@code s * L + l} is nibble s of lane l, so that a shift and a
 * mask give the codes of consecutive inputs.
 */
final class NibbleMatrix implements PackedMatrix {

  private static final int BLOCK = 32;
  private static final int GROUP = 8 * Lanes.COUNT;
  private static final int STEPS = BLOCK / Lanes.COUNT;

  private final int outputs;
  private final int inputs;
  private final int rowInts;
  private final int rowScales;
  private final int[] codes;

  /** Scale and minimum of each block, alternating. */
  private final float[] scales;

  NibbleMatrix(int outputs, int inputs) {
    this.outputs = outputs;
    this.inputs = inputs;
    this.rowInts = (inputs + GROUP - 1) / GROUP * Lanes.COUNT;
    this.rowScales = inputs / BLOCK * 2;
    this.codes = new int[Math.multiplyExact(outputs, rowInts)];
    this.scales = new float[Math.multiplyExact(outputs, rowScales)];
  }

  void pack(int output, HostTensor tensor, int row) {
    QuantizedBlock block = new QuantizedBlock();
    int blockElements = tensor.dtype().blockElements();
    long from = row * tensor.dtype().bytes(inputs);
    for (int first = 0; first < inputs; first += blockElements) {
      block.open(tensor.dtype(), tensor.data(), from + tensor.dtype().bytes(first));
      for (int j = 0; j < blockElements; j++) {
        int i = first + j;
        int at = output * rowInts + i / GROUP * Lanes.COUNT + i % Lanes.COUNT;
        codes[at] |= block.code(j) << (4 * (i % GROUP / Lanes.COUNT));
      }
      for (int g = 0; g < blockElements / BLOCK; g++) {
        int at = output * rowScales + 2 * (first / BLOCK + g);
        scales[at] = block.scale(g);
        scales[at + 1] = block.minimum(g);
      }
    }
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
    return (long) Integer.BYTES * codes.length + (long) Float.BYTES * scales.length;
  }

  @Override
  public void dot(float[] x, int xAt, int from, int to, float[] dots, int at) {
    int last = to - 1;
    for (int output = from; output < to; output += 2) {
      dotTwo(x, xAt, output, Math.min(output + 1, last), dots, at + output - from, to - output);
    }
  }

  private void dotTwo(float[] x, int xAt, int o0, int o1, float[] dots, int at, int wanted) {
    int p0 = o0 * rowInts;
    int p1 = o1 * rowInts;
    int d0 = o0 * rowScales;
    int d1 = o1 * rowScales;
    FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector s1 = s0;
    int p = 0;
    for (int group = 0; group < inputs; group += GROUP) {
      IntVector v0 = IntVector.fromArray(Lanes.INTS, codes, p0 + p);
      IntVector v1 = IntVector.fromArray(Lanes.INTS, codes, p1 + p);
      int end = Math.min(group + GROUP, inputs);
      for (int block = group; block < end; block += BLOCK) {
        int d = block / BLOCK * 2;
        FloatVector a0 = FloatVector.broadcast(Lanes.FLOATS, scales[d0 + d]);
        FloatVector a1 = FloatVector.broadcast(Lanes.FLOATS, scales[d1 + d]);
        FloatVector b0 = FloatVector.broadcast(Lanes.FLOATS, scales[d0 + d + 1]);
        FloatVector b1 = FloatVector.broadcast(Lanes.FLOATS, scales[d1 + d + 1]);
        for (int s = 0; s < STEPS; s++) {
          FloatVector v = FloatVector.fromArray(Lanes.FLOATS, x, xAt + block + s * Lanes.COUNT);
          FloatVector q0 = (FloatVector) v0.and(15).convert(VectorOperators.I2F, 0);
          FloatVector q1 = (FloatVector) v1.and(15).convert(VectorOperators.I2F, 0);
          s0 = v.fma(q0.fma(a0, b0), s0);
          s1 = v.fma(q1.fma(a1, b1), s1);
          v0 = v0.lanewise(VectorOperators.LSHR, 4);
          v1 = v1.lanewise(VectorOperators.LSHR, 4);
        }
      }
      p += Lanes.COUNT;
    }
    dots[at] = Lanes.sum(s0);
    if (wanted > 1) {
      dots[at + 1] = Lanes.sum(s1);
    }
  }

  @Override
  public void unpack(int output, float[] target, int at) {
    int p = output * rowInts;
    int d = output * rowScales;
    for (int group = 0; group < inputs; group += GROUP) {
      IntVector v = IntVector.fromArray(Lanes.INTS, codes, p);
      int end = Math.min(group + GROUP, inputs);
      for (int block = group; block < end; block += BLOCK) {
        FloatVector a = FloatVector.broadcast(Lanes.FLOATS, scales[d]);
        FloatVector b = FloatVector.broadcast(Lanes.FLOATS, scales[d + 1]);
        for (int s = 0; s < STEPS; s++) {
          FloatVector q = (FloatVector) v.and(15).convert(VectorOperators.I2F, 0);
          q.fma(a, b).intoArray(target, at + block + s * Lanes.COUNT);
          v = v.lanewise(VectorOperators.LSHR, 4);
        }
        d += 2;
      }
      p += Lanes.COUNT;
    }
  }
}
