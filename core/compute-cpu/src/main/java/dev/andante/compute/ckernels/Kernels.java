package dev.andante.compute.ckernels;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The C functions, as src/main/c/exports.c declares them; strides and offsets ({@code …At}) are in
 * elements. Handles are constants, so that compiled code calls straight into the library.
 */
final class Kernels {

  private static final MethodHandle QUANTIZE =
      find(
          "quantize",
          ADDRESS,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          ADDRESS,
          JAVA_FLOAT,
          ADDRESS);
  private static final MethodHandle PRODUCT_Q =
      find(
          "product_q",
          ADDRESS,
          JAVA_INT,
          JAVA_INT,
          ADDRESS,
          JAVA_INT,
          ADDRESS,
          JAVA_LONG,
          JAVA_LONG,
          ADDRESS,
          JAVA_LONG,
          JAVA_INT);
  private static final MethodHandle GATED =
      find(
          "gated", ADDRESS, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_INT,
          ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS);
  private static final MethodHandle PRODUCT_F =
      find(
          "product_f",
          ADDRESS,
          JAVA_INT,
          JAVA_INT,
          ADDRESS,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_INT,
          ADDRESS,
          JAVA_LONG,
          JAVA_LONG,
          ADDRESS,
          JAVA_LONG,
          JAVA_INT);
  private static final MethodHandle RMS_NORM =
      find(
          "rms_norm",
          ADDRESS,
          JAVA_LONG,
          JAVA_LONG,
          ADDRESS,
          JAVA_INT,
          JAVA_INT,
          JAVA_FLOAT,
          ADDRESS,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_INT,
          JAVA_INT);
  private static final MethodHandle SILU_MUL =
      find(
          "silu_mul",
          ADDRESS,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_INT,
          ADDRESS,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_INT,
          JAVA_INT);
  private static final MethodHandle ADD =
      find(
          "add", ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT,
          JAVA_INT);
  private static final MethodHandle ROPE =
      find(
          "rope", ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS,
          ADDRESS, ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle WRITE_KV =
      find(
          "write_kv",
          ADDRESS,
          JAVA_LONG,
          JAVA_LONG,
          ADDRESS,
          JAVA_INT,
          JAVA_INT,
          ADDRESS,
          JAVA_INT,
          JAVA_INT);
  private static final MethodHandle COPY_KV =
      find("copy_kv", ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle ARGMAX = find(JAVA_INT, "argmax", ADDRESS, JAVA_LONG, JAVA_INT);
  private static final MethodHandle ATTENTION =
      find(
          "attention",
          ADDRESS,
          JAVA_LONG,
          JAVA_LONG,
          ADDRESS,
          ADDRESS,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_FLOAT,
          ADDRESS,
          JAVA_LONG,
          JAVA_LONG,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          ADDRESS,
          JAVA_LONG,
          ADDRESS);
  private static final MethodHandle MERGE_SPANS =
      find(
          "merge_spans",
          ADDRESS,
          JAVA_LONG,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          JAVA_INT,
          ADDRESS,
          JAVA_LONG,
          JAVA_LONG);
  private static final MethodHandle PACK =
      link(
          "pack",
          FunctionDescriptor.ofVoid(
              ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT));
  private static final MethodHandle NARROW_TILES =
      link(
          "narrow_tiles",
          FunctionDescriptor.ofVoid(
              ADDRESS,
              JAVA_LONG,
              JAVA_LONG,
              JAVA_INT,
              JAVA_INT,
              ADDRESS,
              JAVA_FLOAT,
              JAVA_INT,
              JAVA_INT,
              ADDRESS));
  private static final MethodHandle PRODUCT_TILES =
      link(
          "product_tiles",
          FunctionDescriptor.ofVoid(
              ADDRESS, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS, JAVA_LONG,
              JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS));
  private static final MethodHandle GATED_TILES =
      link(
          "gated_tiles",
          FunctionDescriptor.ofVoid(
              ADDRESS, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG,
              JAVA_LONG, ADDRESS, ADDRESS));

  private Kernels() {}

  private static MethodHandle find(String name, MemoryLayout... parameters) {
    return link(name, FunctionDescriptor.ofVoid(withIsa(parameters)));
  }

  private static MethodHandle find(MemoryLayout result, String name, MemoryLayout... parameters) {
    return link(name, FunctionDescriptor.of(result, withIsa(parameters)));
  }

  private static MemoryLayout[] withIsa(MemoryLayout... parameters) {
    MemoryLayout[] all = new MemoryLayout[parameters.length + 1];
    all[0] = JAVA_INT;
    System.arraycopy(parameters, 0, all, 1, parameters.length);
    return all;
  }

  @SuppressWarnings("restricted") // calling native code is what this class is for
  private static MethodHandle link(String name, FunctionDescriptor descriptor) {
    return Linker.nativeLinker()
        .downcallHandle(
            KernelLibrary.symbols().findOrThrow("andante_" + name),
            descriptor,
            Linker.Option.critical(true));
  }

  static void quantize(
      int isa,
      MemorySegment x,
      long xAt,
      long stride,
      int from,
      int to,
      int inputs,
      MemorySegment gain,
      float eps,
      MemorySegment target) {
    try {
      QUANTIZE.invokeExact(isa, x, xAt, stride, from, to, inputs, gain, eps, target);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static void productQ(
      int isa,
      MemorySegment weight,
      int from,
      int to,
      MemorySegment x,
      int rows,
      MemorySegment out,
      long outAt,
      long stride,
      MemorySegment bias,
      long biasAt,
      int add) {
    try {
      PRODUCT_Q.invokeExact(isa, weight, from, to, x, rows, out, outAt, stride, bias, biasAt, add);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static void gated(
      int isa,
      MemorySegment weight,
      int from,
      int to,
      MemorySegment codes,
      MemorySegment x,
      long xAt,
      long xStride,
      int rows,
      MemorySegment bias,
      MemorySegment out,
      long outAt,
      long stride,
      MemorySegment scratch) {
    try {
      GATED.invokeExact(
          isa, weight, from, to, codes, x, xAt, xStride, rows, bias, out, outAt, stride, scratch);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static void narrowTiles(
      MemorySegment x,
      long xAt,
      long stride,
      int rows,
      int inputs,
      MemorySegment gain,
      float eps,
      int from,
      int to,
      MemorySegment target) {
    try {
      NARROW_TILES.invokeExact(x, xAt, stride, rows, inputs, gain, eps, from, to, target);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static void productTiles(
      MemorySegment weight,
      int from,
      int to,
      MemorySegment x,
      int firstRow,
      int endRow,
      MemorySegment out,
      long outAt,
      long stride,
      MemorySegment bias,
      long biasAt,
      int add,
      MemorySegment panel) {
    try {
      PRODUCT_TILES.invokeExact(
          weight, from, to, x, firstRow, endRow, out, outAt, stride, bias, biasAt, add, panel);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static void gatedTiles(
      MemorySegment weight,
      int from,
      int to,
      MemorySegment x,
      int firstRow,
      int endRow,
      MemorySegment bias,
      MemorySegment out,
      long outAt,
      long stride,
      MemorySegment tiles,
      MemorySegment panel) {
    try {
      GATED_TILES.invokeExact(
          weight, from, to, x, firstRow, endRow, bias, out, outAt, stride, tiles, panel);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static void productF(
      int isa,
      MemorySegment weight,
      int from,
      int to,
      MemorySegment x,
      long xAt,
      long xStride,
      int rows,
      MemorySegment out,
      long outAt,
      long stride,
      MemorySegment bias,
      long biasAt,
      int add) {
    try {
      PRODUCT_F.invokeExact(
          isa, weight, from, to, x, xAt, xStride, rows, out, outAt, stride, bias, biasAt, add);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static void rmsNorm(
      int isa,
      MemorySegment x,
      long xAt,
      long xStride,
      MemorySegment gain,
      int run,
      int columns,
      float eps,
      MemorySegment out,
      long outAt,
      long stride,
      int from,
      int to) {
    try {
      RMS_NORM.invokeExact(
          isa, x, xAt, xStride, gain, run, columns, eps, out, outAt, stride, from, to);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static void siluMul(
      int isa,
      MemorySegment x,
      long xAt,
      long xStride,
      long upAt,
      int n,
      MemorySegment out,
      long outAt,
      long stride,
      int from,
      int to) {
    try {
      SILU_MUL.invokeExact(isa, x, xAt, xStride, upAt, n, out, outAt, stride, from, to);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static void add(
      int isa,
      MemorySegment x,
      long xAt,
      long xStride,
      MemorySegment sum,
      long sumAt,
      long stride,
      int columns,
      int from,
      int to) {
    try {
      ADD.invokeExact(isa, x, xAt, xStride, sum, sumAt, stride, columns, from, to);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static void rope(
      int isa,
      MemorySegment x,
      long xAt,
      long stride,
      int columns,
      int headDim,
      int pairs,
      int adjacent,
      MemorySegment cosines,
      MemorySegment sines,
      MemorySegment positions,
      int from,
      int to) {
    try {
      ROPE.invokeExact(
          isa, x, xAt, stride, columns, headDim, pairs, adjacent, cosines, sines, positions, from,
          to);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static void writeKv(
      int isa,
      MemorySegment x,
      long xAt,
      long stride,
      MemorySegment kv,
      int side,
      int kvHeads,
      MemorySegment slots,
      int from,
      int to) {
    try {
      WRITE_KV.invokeExact(isa, x, xAt, stride, kv, side, kvHeads, slots, from, to);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static void copyKv(
      int isa,
      MemorySegment kv,
      int kvHeads,
      int block,
      int first,
      int tokens,
      MemorySegment wire,
      int toWire) {
    try {
      COPY_KV.invokeExact(isa, kv, kvHeads, block, first, tokens, wire, toWire);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static int argmax(int isa, MemorySegment x, long xAt, int n) {
    try {
      return (int) ARGMAX.invokeExact(isa, x, xAt, n);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static void attention(
      int isa,
      MemorySegment q,
      long qAt,
      long qStride,
      MemorySegment kv,
      MemorySegment blocks,
      int rows,
      int firstPosition,
      int firstKvHead,
      int kvHeads,
      int heads,
      float scale,
      MemorySegment out,
      long outAt,
      long outStride,
      int span,
      int spans,
      int allHeads,
      MemorySegment partials,
      long partialsAt,
      MemorySegment scratch) {
    try {
      ATTENTION.invokeExact(
          isa,
          q,
          qAt,
          qStride,
          kv,
          blocks,
          rows,
          firstPosition,
          firstKvHead,
          kvHeads,
          heads,
          scale,
          out,
          outAt,
          outStride,
          span,
          spans,
          allHeads,
          partials,
          partialsAt,
          scratch);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  static void mergeSpans(
      int isa,
      MemorySegment partials,
      long partialsAt,
      int rows,
      int heads,
      int spans,
      int headDim,
      MemorySegment out,
      long outAt,
      long outStride) {
    try {
      MERGE_SPANS.invokeExact(
          isa, partials, partialsAt, rows, heads, spans, headDim, out, outAt, outStride);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Not for an instruction set in particular. */
  static void pack(
      MemorySegment source,
      long sourceAt,
      long rowBytes,
      int format,
      MemorySegment weight,
      int output,
      int count) {
    try {
      PACK.invokeExact(source, sourceAt, rowBytes, format, weight, output, count);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** The functions throw nothing; a closed segment or a wrong type is a defect of the caller. */
  private static RuntimeException unexpected(Throwable e) {
    if (e instanceof RuntimeException unchecked) {
      return unchecked;
    }
    if (e instanceof Error error) {
      throw error;
    }
    return new IllegalStateException(e);
  }
}
