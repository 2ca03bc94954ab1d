package dev.andante.compute.ckernels;

import dev.andante.compute.host.HugePages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Buffers and tasks of one thread, grown when needed and reused from call to call. */
final class Scratch {

  private static final int ALIGNMENT = 64;

  /** Bytes worth a huge page. */
  private static final int LARGE = 256 << 10;

  private MemorySegment quantized = MemorySegment.NULL;
  private MemorySegment attention = MemorySegment.NULL;
  private MemorySegment partials = MemorySegment.NULL;
  private MemorySegment gated = MemorySegment.NULL;
  private MemorySegment narrowed = MemorySegment.NULL;
  private MemorySegment inner = MemorySegment.NULL;
  private MemorySegment panel = MemorySegment.NULL;

  private final RoundingTask rounding = new RoundingTask();
  private final ProductTask product = new ProductTask();
  private final GatedTask gating = new GatedTask();
  private final NarrowingTask narrowing = new NarrowingTask();
  private final TileTask tiled = new TileTask();
  private final AttentionTask attending = new AttentionTask();
  private final RowTasks rows = new RowTasks();
  private final PlacingTask placing = new PlacingTask();

  RoundingTask rounding() {
    return rounding;
  }

  ProductTask product() {
    return product;
  }

  GatedTask gating() {
    return gating;
  }

  NarrowingTask narrowing() {
    return narrowing;
  }

  PlacingTask placing() {
    return placing;
  }

  TileTask tiled() {
    return tiled;
  }

  AttentionTask attending() {
    return attending;
  }

  RowTasks rows() {
    return rows;
  }

  /** For activations of 8 bits. */
  MemorySegment quantized(long bytes) {
    quantized = grown(quantized, bytes);
    return quantized;
  }

  /** For one call of attention. */
  MemorySegment attention(long floats) {
    attention = grown(attention, Float.BYTES * floats);
    return attention;
  }

  /** For the sums of spans. */
  MemorySegment partials(long floats) {
    partials = grown(partials, Float.BYTES * floats);
    return partials;
  }

  /** For what lies between a product and its gates. */
  MemorySegment gated(long floats) {
    gated = grown(gated, Float.BYTES * floats);
    return gated;
  }

  /** For rows in tiles of bf16. */
  MemorySegment narrowed(long bytes) {
    narrowed = grown(narrowed, bytes);
    return narrowed;
  }

  /** For tiles of bf16 between two products. */
  MemorySegment inner(long bytes) {
    inner = grown(inner, bytes);
    return inner;
  }

  /** For weights unpacked into tiles of bf16, and sums of gates. */
  MemorySegment panel(long bytes) {
    panel = grown(panel, bytes);
    return panel;
  }

  private static MemorySegment grown(MemorySegment buffer, long bytes) {
    if (buffer.byteSize() >= bytes) {
      return buffer;
    }
    return bytes < LARGE
        ? Arena.ofAuto().allocate(bytes, ALIGNMENT)
        : HugePages.allocate(Arena.ofAuto(), bytes);
  }
}
