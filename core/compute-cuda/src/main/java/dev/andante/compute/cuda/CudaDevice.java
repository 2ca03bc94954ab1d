package dev.andante.compute.cuda;

import dev.andante.compute.BackendException;
import java.nio.charset.StandardCharsets;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/**
 * One GPU and our context on it. Any thread may use it; {@link #use} binds the context to the
 * calling thread.
 */
final class CudaDevice implements AutoCloseable {

  /** Capability of Hopper, the only one that runs {@code sm_90a} code. */
  static final int HOPPER = 90;

  private final CUcontext context = new CUcontext();
  private final String name;
  private final int major;
  private final int minor;
  private final int multiprocessors;
  private final int sharedMemory;
  private volatile @Nullable String lost;
  private volatile boolean closed;

  /**
   * @throws BackendException if the context cannot be made
   */
  CudaDevice(int ordinal) {
    JCudaDriver.setExceptionsEnabled(false);
    check(JCudaDriver.cuInit(0), "starting the NVIDIA driver");
    CUdevice device = new CUdevice();
    check(JCudaDriver.cuDeviceGet(device, ordinal), "opening GPU " + ordinal);
    byte[] text = new byte[128];
    check(JCudaDriver.cuDeviceGetName(text, text.length, device), "reading the GPU's name");
    this.name = new String(text, StandardCharsets.US_ASCII).split("\0", 2)[0].strip();
    this.major =
        Driver.attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
    this.minor =
        Driver.attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    this.multiprocessors =
        Driver.attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    this.sharedMemory =
        Driver.attribute(
            device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
    check(JCudaDriver.cuCtxCreate(context, 0, device), "creating a context on " + name);
  }

  String name() {
    return name;
  }

  /** Compute capability, {@code 10 * major + minor}. */
  int capability() {
    return 10 * major + minor;
  }

  int multiprocessors() {
    return multiprocessors;
  }

  /** Bytes of shared memory that one block may use. */
  int sharedMemory() {
    return sharedMemory;
  }

  /** Free and total bytes. */
  long[] memory() {
    long[] free = new long[1];
    long[] total = new long[1];
    check(JCudaDriver.cuMemGetInfo(free, total), "reading the GPU's free memory");
    return new long[] {free[0], total[0]};
  }

  /**
   * Binds the context to this thread.
   *
   * @throws CudaContextLostException after a fault
   * @throws IllegalStateException after close
   */
  void use() {
    String fault = lost;
    if (fault != null) {
      throw new CudaContextLostException(fault);
    }
    if (closed) {
      throw new IllegalStateException("the CUDA backend is closed");
    }
    check(JCudaDriver.cuCtxSetCurrent(context), "binding the context");
  }

  /** Whether a fault has destroyed the context. */
  boolean isLost() {
    return lost != null;
  }

  /**
   * @throws CudaContextLostException if the context is gone
   * @throws BackendException on any other failure
   */
  void check(int status, String what) {
    if (DriverStatus.isSuccess(status)) {
      return;
    }
    String message = DriverStatus.describe(what, status);
    if (DriverStatus.isSticky(status)) {
      lost = message;
      throw new CudaContextLostException(message);
    }
    throw new BackendException(message);
  }

  /**
   * Uninitialised memory.
   *
   * @param what names the purpose in the error
   * @throws BackendException if there is not enough, naming the bytes needed
   */
  CudaMemory allocate(long bytes, String what) {
    use();
    DeviceAddress address = new DeviceAddress();
    int status = JCudaDriver.cuMemAlloc(address, Math.max(bytes, 1));
    if (DriverStatus.isOutOfMemory(status)) {
      long[] memory = memory();
      throw new BackendException(
          what
              + " needs "
              + bytes
              + " bytes of GPU memory, but only "
              + memory[0]
              + " of "
              + memory[1]
              + " are free on "
              + name
              + "; use a smaller or more quantised model, fewer KV blocks or a larger GPU");
    }
    check(status, "allocating " + bytes + " bytes for " + what);
    return new CudaMemory(this, address.value(), bytes);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      // Frees everything in the context; a failure here has no one to act on it.
      JCudaDriver.cuCtxDestroy(context);
    }
  }

  boolean isClosed() {
    return closed;
  }
}
