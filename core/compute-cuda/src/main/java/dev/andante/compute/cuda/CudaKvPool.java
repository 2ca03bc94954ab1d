package dev.andante.compute.cuda;

import dev.andante.compute.BackendException;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;
import java.lang.foreign.MemorySegment;
import jcuda.driver.CUDA_MEMCPY2D;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/**
 * KV blocks in device memory, one after the other, each in wire order: {@code
 * [layer][k|v][kvHead][token][headDim]}. A run of tokens is one strided copy, on a stream of its
 * own that later kernels do not wait for when it only reads.
 */
final class CudaKvPool implements KvPool {

  private final CommandQueue queue;
  private final KvLayout layout;
  private final int blocks;
  private final CudaMemory memory;
  private final PinnedMemory staging;

  CudaKvPool(CommandQueue queue, KvLayout layout, int blocks) {
    if (blocks < 1) {
      throw new IllegalArgumentException("a KV pool needs at least 1 block, not " + blocks);
    }
    this.queue = queue;
    this.layout = layout;
    this.blocks = blocks;
    this.memory =
        queue.device().allocate(size(layout, blocks), "a KV cache of " + blocks + " blocks");
    queue
        .device()
        .check(
            JCudaDriver.cuMemsetD8Async(
                memory.pointer(0), (byte) 0, memory.bytes(), queue.stream()),
            "clearing the KV cache");
    this.staging = new PinnedMemory(queue.device(), Math.toIntExact(layout.bytesPerBlock()));
  }

  private static long size(KvLayout layout, int blocks) {
    try {
      if (layout.bytesPerBlock() <= Integer.MAX_VALUE) {
        return Math.multiplyExact(layout.bytesPerBlock(), (long) blocks);
      }
    } catch (ArithmeticException e) {
      // reported below
    }
    throw new BackendException(
        "no memory for a KV cache of "
            + blocks
            + " blocks of "
            + layout.bytesPerBlock()
            + " bytes; configure fewer or smaller blocks");
  }

  static CudaKvPool of(KvPool pool, CommandQueue queue) {
    if (pool instanceof CudaKvPool mine && mine.queue == queue) {
      return mine;
    }
    throw new IllegalArgumentException(
        "KV pool of another backend: " + pool.getClass().getSimpleName());
  }

  @Override
  public KvLayout layout() {
    return layout;
  }

  @Override
  public int blocks() {
    return blocks;
  }

  long address() {
    return memory.address();
  }

  /** Elements of one block, all layers. */
  long blockElements() {
    return layout.bytesPerBlock() / layout.dtype().blockBytes();
  }

  @Override
  public void read(
      int block, int firstToken, int tokens, int firstLayer, int layers, MemorySegment target) {
    long bytes = check(block, firstToken, tokens, firstLayer, layers, target);
    if (bytes == 0) {
      return;
    }
    synchronized (queue) {
      CUstream stream = queue.copiesAfterKernels();
      CUDA_MEMCPY2D copy = shape(tokens, layers);
      copy.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
      copy.srcDevice = memory.pointer(offset(block, firstToken, firstLayer));
      copy.srcPitch = planeBytes();
      copy.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_HOST;
      copy.dstHost = staging.pointer();
      copy.dstPitch = copy.WidthInBytes;
      queue.device().check(JCudaDriver.cuMemcpy2DAsync(copy, stream), "reading KV blocks");
      queue.finishCopies();
      MemorySegment.copy(staging.segment(), 0, target, 0, bytes);
    }
  }

  @Override
  public void write(
      int block, int firstToken, int tokens, int firstLayer, int layers, MemorySegment source) {
    long bytes = check(block, firstToken, tokens, firstLayer, layers, source);
    if (bytes == 0) {
      return;
    }
    synchronized (queue) {
      CUstream stream = queue.copiesAfterKernels();
      MemorySegment.copy(source, 0, staging.segment(), 0, bytes);
      CUDA_MEMCPY2D copy = shape(tokens, layers);
      copy.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_HOST;
      copy.srcHost = staging.pointer();
      copy.srcPitch = copy.WidthInBytes;
      copy.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
      copy.dstDevice = memory.pointer(offset(block, firstToken, firstLayer));
      copy.dstPitch = planeBytes();
      queue.device().check(JCudaDriver.cuMemcpy2DAsync(copy, stream), "writing KV blocks");
      queue.kernelsAfterCopies();
      queue.finishCopies(); // the staging memory is used again
    }
  }

  /** A copy comes after all kernels so far, so it would cut a pass that is being recorded. */
  @Override
  public boolean writesBesidePasses() {
    return false;
  }

  @Override
  public void copy(int from, int to) {
    requireBlock(from);
    requireBlock(to);
    synchronized (queue) {
      queue
          .device()
          .check(
              JCudaDriver.cuMemcpyDtoDAsync(
                  memory.pointer(to * layout.bytesPerBlock()),
                  memory.pointer(from * layout.bytesPerBlock()),
                  layout.bytesPerBlock(),
                  queue.stream()),
              "copying a KV block");
    }
  }

  /** Bytes of one head's keys or values in a block. */
  private long planeBytes() {
    return (long) layout.blockSize() * layout.headDim() * layout.dtype().blockBytes();
  }

  private long offset(int block, int token, int layer) {
    return block * layout.bytesPerBlock()
        + 2L * layer * layout.kvHeads() * planeBytes()
        + (long) token * layout.headDim() * layout.dtype().blockBytes();
  }

  private CUDA_MEMCPY2D shape(int tokens, int layers) {
    CUDA_MEMCPY2D copy = new CUDA_MEMCPY2D();
    copy.WidthInBytes = (long) tokens * layout.headDim() * layout.dtype().blockBytes();
    copy.Height = 2L * layers * layout.kvHeads();
    return copy;
  }

  private long check(
      int block, int firstToken, int tokens, int firstLayer, int layers, MemorySegment segment) {
    requireBlock(block);
    if (firstToken < 0 || tokens < 0 || firstToken + tokens > layout.blockSize()) {
      throw new IllegalArgumentException(
          "tokens [" + firstToken + ", +" + tokens + ") of blocks of " + layout.blockSize());
    }
    if (firstLayer < 0 || layers < 0 || firstLayer + layers > layout.layers()) {
      throw new IllegalArgumentException(
          "layers [" + firstLayer + ", +" + layers + ") of " + layout.layers());
    }
    long bytes = (long) tokens * layers * layout.bytesPerTokenLayer();
    if (segment.byteSize() < bytes) {
      throw new IllegalArgumentException(segment.byteSize() + " bytes for " + bytes);
    }
    return bytes;
  }

  private void requireBlock(int block) {
    if (block < 0 || block >= blocks) {
      throw new IllegalArgumentException("block " + block + " of " + blocks);
    }
  }

  @Override
  public void close() {
    synchronized (queue) {
      if (!memory.isClosed()) {
        queue.discardable();
        memory.close();
        staging.close();
      }
    }
  }
}
