package dev.andante.compute.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * Whether this machine can run the backend, and if not, why not, in words for its administrator.
 */
final class Driver {

  /** What the committed PTX and JCuda were made for. */
  static final int MINIMUM_VERSION = 12_060;

  /** The tensor-core instructions of the kernels came with Ampere. */
  static final int MINIMUM_MAJOR = 8;

  private static final String LIBRARY = "libcuda.so.1";

  private Driver() {}

  /** Empty if device 0 can be used. Never throws. */
  @SuppressWarnings("restricted") // the lookup runs no code; the flag for JCuda covers it
  static String unavailableReason() {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(LIBRARY, arena);
    } catch (IllegalArgumentException e) {
      return "no NVIDIA driver on this machine (" + LIBRARY + " is not there)";
    }
    try {
      return ask();
    } catch (LinkageError | RuntimeException e) {
      return "the native library of JCuda cannot be loaded: " + e.getMessage();
    }
  }

  private static String ask() {
    JCudaDriver.setExceptionsEnabled(false);
    int status = JCudaDriver.cuInit(0);
    if (status == CUresult.CUDA_ERROR_NO_DEVICE) {
      return "the NVIDIA driver finds no GPU";
    }
    if (!DriverStatus.isSuccess(status)) {
      return DriverStatus.describe("starting the NVIDIA driver", status);
    }
    int version = version();
    if (version < MINIMUM_VERSION) {
      return "the NVIDIA driver is too old: it supports CUDA "
          + format(version)
          + ", CUDA "
          + format(MINIMUM_VERSION)
          + " is needed (driver 560 or newer)";
    }
    int[] count = new int[1];
    JCudaDriver.cuDeviceGetCount(count);
    if (count[0] < 1) {
      return "the NVIDIA driver finds no GPU";
    }
    CUdevice device = new CUdevice();
    JCudaDriver.cuDeviceGet(device, 0);
    int major = attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
    if (major < MINIMUM_MAJOR) {
      return "the GPU has compute capability "
          + major
          + ", the kernels need "
          + MINIMUM_MAJOR
          + ".0 (Ampere) or newer";
    }
    return "";
  }

  /** CUDA version of the driver, {@code 1000 * major + 10 * minor}. */
  static int version() {
    int[] version = new int[1];
    JCudaDriver.cuDriverGetVersion(version);
    return version[0];
  }

  static String format(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }

  static int attribute(CUdevice device, int attribute) {
    int[] value = new int[1];
    JCudaDriver.cuDeviceGetAttribute(value, attribute, device);
    return value[0];
  }
}
