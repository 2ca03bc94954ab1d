package dev.andante.compute.vector;

import dev.andante.compute.DType;
import dev.andante.compute.HostTensor;
import dev.andante.compute.QuantizedBlock;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Codes of five to eight bits, a byte each, with an f32 scale and minimum for each 16 or 32 inputs.
 * Four codes share an int: of each group of 4L inputs, input {@code s * L + l} is byte s of lane l.
 *
 * <p>Codes are stored as {@code code + 128} and the minimum as {@code minimum - 128 * scale}: that
 * saves extending the sign, and the fused multiply-add still gives {@code code * scale + minimum}
 * with one rounding, as {@code 128 * scale} is exact and formats with signed codes have no minimum.
 */
final class ByteMatrix implements PackedMatrix {

  private static final int GROUP = 4 * Lanes.COUNT;
  private static final int OFFSET = 128;

  private final int outputs;
  private final int inputs;
  private final int unit;
  private final int unitShift;
  private final int rowInts;
  private final int rowScales;
  private final int[] codes;

  /** Scale and minimum of each unit, alternating. */
  private final float[] scales;

  /**
   * @param unit inputs that share a scale, 16 or 32
   */
  ByteMatrix(int outputs, int inputs, int unit) {
    this.outputs = outputs;
    this.inputs = inputs;
    this.unit = unit;
    this.unitShift = Integer.numberOfTrailingZeros(unit);
    this.rowInts = (inputs + GROUP - 1) / GROUP * Lanes.COUNT;
    this.rowScales = inputs / unit * 2;
    this.codes = new int[Math.multiplyExact(outputs, rowInts)];
    this.scales = new float[Math.multiplyExact(outputs, rowScales)];
  }

  void pack(int output, HostTensor tensor, int row) {
    QuantizedBlock block = new QuantizedBlock();
    DType dtype = tensor.dtype();
    int offset = QuantizedBlock.hasNoMinimum(dtype) ? OFFSET : 0;
    int blockElements = dtype.blockElements();
    long from = row * dtype.bytes(inputs);
    for (int first = 0; first < inputs; first += blockElements) {
      block.open(dtype, tensor.data(), from + dtype.bytes(first));
      for (int j = 0; j < blockElements; j++) {
        int i = first + j;
        int at = output * rowInts + i / GROUP * Lanes.COUNT + i % Lanes.COUNT;
        codes[at] |= (block.code(j) + offset) << (8 * (i % GROUP / Lanes.COUNT));
      }
      int group = QuantizedBlock.groupElements(dtype);
      for (int u = 0; u < blockElements / unit; u++) {
        int at = output * rowScales + 2 * (first / unit + u);
        scales[at] = block.scale(u * unit / group);
        scales[at + 1] = block.minimum(u * unit / group) - offset * scales[at];
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
    int whole = inputs - inputs % GROUP;
    for (int group = 0; group < whole; group += GROUP) {
      IntVector v0 = IntVector.fromArray(Lanes.INTS, codes, p0 + p);
      IntVector v1 = IntVector.fromArray(Lanes.INTS, codes, p1 + p);
      for (int s = 0; s < 4; s++) {
        int i = group + s * Lanes.COUNT;
        int d = (i >> unitShift) * 2;
        FloatVector v = FloatVector.fromArray(Lanes.FLOATS, x, xAt + i);
        FloatVector a0 = FloatVector.broadcast(Lanes.FLOATS, scales[d0 + d]);
        FloatVector a1 = FloatVector.broadcast(Lanes.FLOATS, scales[d1 + d]);
        FloatVector b0 = FloatVector.broadcast(Lanes.FLOATS, scales[d0 + d + 1]);
        FloatVector b1 = FloatVector.broadcast(Lanes.FLOATS, scales[d1 + d + 1]);
        FloatVector q0 = (FloatVector) v0.and(255).convert(VectorOperators.I2F, 0);
        FloatVector q1 = (FloatVector) v1.and(255).convert(VectorOperators.I2F, 0);
        s0 = v.fma(q0.fma(a0, b0), s0);
        s1 = v.fma(q1.fma(a1, b1), s1);
        v0 = v0.lanewise(VectorOperators.LSHR, 8);
        v1 = v1.lanewise(VectorOperators.LSHR, 8);
      }
      p += Lanes.COUNT;
    }
    if (whole < inputs) {
      IntVector v0 = IntVector.fromArray(Lanes.INTS, codes, p0 + p);
      IntVector v1 = IntVector.fromArray(Lanes.INTS, codes, p1 + p);
      for (int i = whole; i < inputs; i += Lanes.COUNT) {
        int d = (i >> unitShift) * 2;
        FloatVector v = FloatVector.fromArray(Lanes.FLOATS, x, xAt + i);
        FloatVector a0 = FloatVector.broadcast(Lanes.FLOATS, scales[d0 + d]);
        FloatVector a1 = FloatVector.broadcast(Lanes.FLOATS, scales[d1 + d]);
        FloatVector b0 = FloatVector.broadcast(Lanes.FLOATS, scales[d0 + d + 1]);
        FloatVector b1 = FloatVector.broadcast(Lanes.FLOATS, scales[d1 + d + 1]);
        FloatVector q0 = (FloatVector) v0.and(255).convert(VectorOperators.I2F, 0);
        FloatVector q1 = (FloatVector) v1.and(255).convert(VectorOperators.I2F, 0);
        s0 = v.fma(q0.fma(a0, b0), s0);
        s1 = v.fma(q1.fma(a1, b1), s1);
        v0 = v0.lanewise(VectorOperators.LSHR, 8);
        v1 = v1.lanewise(VectorOperators.LSHR, 8);
      }
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
    int whole = inputs - inputs % GROUP;
    for (int group = 0; group < whole; group += GROUP) {
      IntVector v = IntVector.fromArray(Lanes.INTS, codes, p);
      for (int s = 0; s < 4; s++) {
        int i = group + s * Lanes.COUNT;
        int unitAt = d + (i >> unitShift) * 2;
        FloatVector a = FloatVector.broadcast(Lanes.FLOATS, scales[unitAt]);
        FloatVector b = FloatVector.broadcast(Lanes.FLOATS, scales[unitAt + 1]);
        FloatVector q = (FloatVector) v.and(255).convert(VectorOperators.I2F, 0);
        q.fma(a, b).intoArray(target, at + i);
        v = v.lanewise(VectorOperators.LSHR, 8);
      }
      p += Lanes.COUNT;
    }
    if (whole < inputs) {
      IntVector v = IntVector.fromArray(Lanes.INTS, codes, p);
      for (int i = whole; i < inputs; i += Lanes.COUNT) {
        int unitAt = d + (i >> unitShift) * 2;
        FloatVector a = FloatVector.broadcast(Lanes.FLOATS, scales[unitAt]);
        FloatVector b = FloatVector.broadcast(Lanes.FLOATS, scales[unitAt + 1]);
        FloatVector q = (FloatVector) v.and(255).convert(VectorOperators.I2F, 0);
        q.fma(a, b).intoArray(target, at + i);
        v = v.lanewise(VectorOperators.LSHR, 8);
      }
    }
  }
}
