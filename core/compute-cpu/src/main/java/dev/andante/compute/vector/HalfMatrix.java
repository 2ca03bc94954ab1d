package dev.andante.compute.vector;

import dev.andante.compute.HostTensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * BF16, two to an int: of each group of 2L inputs, lane l holds input l in its low half and input L
 * + l in its high half, so that a shift or a mask gives a vector of consecutive inputs. Rows are
 * zero-padded to whole groups.
 */
final class HalfMatrix implements PackedMatrix {

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int GROUP = 2 * Lanes.COUNT;
  private static final int HIGH_HALF = 0xFFFF0000;

  private final int outputs;
  private final int inputs;
  private final int padded;
  private final int rowInts;
  private final int[] pairs;

  HalfMatrix(int outputs, int inputs) {
    this.outputs = outputs;
    this.inputs = inputs;
    this.padded = Lanes.roundUp(inputs);
    this.rowInts = (inputs + GROUP - 1) / GROUP * Lanes.COUNT;
    this.pairs = new int[Math.multiplyExact(outputs, rowInts)];
  }

  void pack(int output, HostTensor tensor, int row) {
    for (int i = 0; i < inputs; i++) {
      int bits = tensor.data().get(SHORT, 2L * ((long) row * inputs + i)) & 0xFFFF;
      int at = output * rowInts + i / GROUP * Lanes.COUNT + i % Lanes.COUNT;
      pairs[at] |= i % GROUP < Lanes.COUNT ? bits : bits << 16;
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
    return (long) Integer.BYTES * pairs.length;
  }

  @Override
  public void dot(float[] x, int xAt, int from, int to, float[] dots, int at) {
    int last = to - 1;
    for (int output = from; output < to; output += 3) {
      dotThree(
          x,
          xAt,
          output * rowInts,
          Math.min(output + 1, last) * rowInts,
          Math.min(output + 2, last) * rowInts,
          dots,
          at + output - from,
          to - output);
    }
  }

  private void dotThree(
      float[] x, int xAt, int p0, int p1, int p2, float[] dots, int at, int wanted) {
    FloatVector s0 = FloatVector.zero(Lanes.FLOATS);
    FloatVector s1 = s0;
    FloatVector s2 = s0;
    int whole = padded / GROUP * GROUP;
    int p = 0;
    for (int i = 0; i < whole; i += GROUP) {
      FloatVector low = FloatVector.fromArray(Lanes.FLOATS, x, xAt + i);
      FloatVector high = FloatVector.fromArray(Lanes.FLOATS, x, xAt + i + Lanes.COUNT);
      IntVector v0 = IntVector.fromArray(Lanes.INTS, pairs, p0 + p);
      IntVector v1 = IntVector.fromArray(Lanes.INTS, pairs, p1 + p);
      IntVector v2 = IntVector.fromArray(Lanes.INTS, pairs, p2 + p);
      s0 = low.fma(v0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s0);
      s1 = low.fma(v1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s1);
      s2 = low.fma(v2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s2);
      s0 = high.fma(v0.and(HIGH_HALF).reinterpretAsFloats(), s0);
      s1 = high.fma(v1.and(HIGH_HALF).reinterpretAsFloats(), s1);
      s2 = high.fma(v2.and(HIGH_HALF).reinterpretAsFloats(), s2);
      p += Lanes.COUNT;
    }
    if (whole < padded) {
      FloatVector low = FloatVector.fromArray(Lanes.FLOATS, x, xAt + whole);
      IntVector v0 = IntVector.fromArray(Lanes.INTS, pairs, p0 + p);
      IntVector v1 = IntVector.fromArray(Lanes.INTS, pairs, p1 + p);
      IntVector v2 = IntVector.fromArray(Lanes.INTS, pairs, p2 + p);
      s0 = low.fma(v0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s0);
      s1 = low.fma(v1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s1);
      s2 = low.fma(v2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), s2);
    }
    dots[at] = Lanes.sum(s0);
    if (wanted > 1) {
      dots[at + 1] = Lanes.sum(s1);
    }
    if (wanted > 2) {
      dots[at + 2] = Lanes.sum(s2);
    }
  }

  @Override
  public void unpack(int output, float[] target, int at) {
    int p = output * rowInts;
    for (int i = 0; i < padded; i += GROUP) {
      IntVector v = IntVector.fromArray(Lanes.INTS, pairs, p);
      v.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(target, at + i);
      if (i + Lanes.COUNT < padded) {
        v.and(HIGH_HALF).reinterpretAsFloats().intoArray(target, at + i + Lanes.COUNT);
      }
      p += Lanes.COUNT;
    }
  }
}
