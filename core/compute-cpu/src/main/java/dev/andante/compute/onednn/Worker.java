package dev.andante.compute.onednn;

import dev.andante.compute.Dequantizer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What one thread needs to call the library, made once and reused, so that products make no
 * garbage: the thread's stream, the arguments of each primitive it has run, buffers that grow, the
 * tasks of the products that it begins. Also tells OpenMP that this thread works alone.
 */
final class Worker {

  private static final int ALIGNMENT = 64;

  /** A primitive's arguments in this thread's memory. */
  private static final class Call {

    private final MemorySegment arguments;
    private final long[] memories;
    // Reachable for as long as the memory object that points to it.
    private final MemorySegment scratchpad;

    Call(OneDnn library, Primitive primitive) {
      Functions functions = library.functions();
      int count = primitive.argumentCount();
      Arena arena = Arena.ofAuto();
      arguments = arena.allocate(count * Functions.ARGUMENT_BYTES, ALIGNMENT);
      scratchpad = arena.allocate(Math.max(1, primitive.bytes(count - 1)), ALIGNMENT);
      memories = new long[count];
      for (int i = 0; i < count; i++) {
        long address = i == count - 1 ? scratchpad.address() : 0;
        memories[i] = functions.newMemory(primitive.descriptor(i), library.engine(), address);
        long at = i * Functions.ARGUMENT_BYTES;
        arguments.set(ValueLayout.JAVA_INT, at, primitive.argument(i));
        arguments.set(ValueLayout.JAVA_LONG, at + Functions.ARGUMENT_MEMORY, memories[i]);
      }
    }
  }

  private final OneDnn library;
  private final Functions functions;
  private final long stream;
  private final Dequantizer dequantizer = new Dequantizer();
  private @Nullable Call[] calls = new @Nullable Call[64];
  private MemorySegment rows = MemorySegment.NULL;
  private MemorySegment sums = MemorySegment.NULL;
  private final NarrowingTask narrowing = new NarrowingTask();
  private final ProductTask product = new ProductTask();
  private float[] scales = new float[0];
  private float[] values = new float[0];

  /** To be called by the thread that will use it. */
  Worker(OneDnn library) {
    this.library = library;
    this.functions = library.functions();
    functions.useThreads(1);
    this.stream = functions.newStream(library.engine());
  }

  /** Runs a matrix product on dense or packed matrices at these addresses. */
  void multiply(Primitive product, long source, long weights, long destination) {
    Call call = call(product);
    functions.moveMemory(call.memories[0], source);
    functions.moveMemory(call.memories[1], weights);
    functions.moveMemory(call.memories[2], destination);
    functions.execute(product.handle(), stream, 4, call.arguments.address());
  }

  /** Packs weights. */
  void pack(Primitive packing, long source, long destination) {
    Call call = call(packing);
    functions.moveMemory(call.memories[0], source);
    functions.moveMemory(call.memories[1], destination);
    functions.execute(packing.handle(), stream, 3, call.arguments.address());
  }

  private Call call(Primitive primitive) {
    int id = primitive.id();
    if (id >= calls.length) {
      calls = Arrays.copyOf(calls, Math.max(id + 1, 2 * calls.length));
    }
    Call call = calls[id];
    if (call == null) {
      call = new Call(library, primitive);
      calls[id] = call;
    }
    return call;
  }

  /** For activations or weights on their way into the library. */
  MemorySegment rows(long bytes) {
    if (rows.byteSize() < bytes) {
      rows = Arena.ofAuto().allocate(bytes, ALIGNMENT);
    }
    return rows;
  }

  /** For results on their way out. */
  MemorySegment sums(long bytes) {
    if (sums.byteSize() < bytes) {
      sums = Arena.ofAuto().allocate(bytes, ALIGNMENT);
    }
    return sums;
  }

  /** For one scale for each row. */
  float[] scales(int n) {
    if (scales.length < n) {
      scales = new float[n];
    }
    return scales;
  }

  /** For one row of weights or of activations. */
  float[] values(int n) {
    if (values.length < n) {
      values = new float[n];
    }
    return values;
  }

  NarrowingTask narrowing() {
    return narrowing;
  }

  ProductTask product() {
    return product;
  }

  Dequantizer dequantizer() {
    return dequantizer;
  }

  /** Frees the library's objects; no thread may use it any more. */
  void close() {
    for (Call call : calls) {
      if (call != null) {
        for (long memory : call.memories) {
          functions.destroyMemory(memory);
        }
      }
    }
    functions.destroyStream(stream);
  }
}
