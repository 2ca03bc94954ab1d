package dev.andante.compute.cuda;

import java.util.Set;
import jcuda.driver.CUresult;

/** What the result codes of the driver mean for us. */
final class DriverStatus {

  /** After these, every further call in the context fails with the same code. */
  private static final Set<Integer> STICKY =
      Set.of(
          CUresult.CUDA_ERROR_DEINITIALIZED,
          CUresult.CUDA_ERROR_ECC_UNCORRECTABLE,
          CUresult.CUDA_ERROR_NVLINK_UNCORRECTABLE,
          CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
          CUresult.CUDA_ERROR_LAUNCH_TIMEOUT,
          CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED,
          CUresult.CUDA_ERROR_ASSERT,
          CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR,
          CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION,
          CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
          CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE,
          CUresult.CUDA_ERROR_INVALID_PC,
          CUresult.CUDA_ERROR_LAUNCH_FAILED,
          CUresult.CUDA_ERROR_UNKNOWN);

  private DriverStatus() {}

  static boolean isSuccess(int status) {
    return status == CUresult.CUDA_SUCCESS;
  }

  static boolean isOutOfMemory(int status) {
    return status == CUresult.CUDA_ERROR_OUT_OF_MEMORY;
  }

  static boolean isSticky(int status) {
    return STICKY.contains(status);
  }

  static String describe(String what, int status) {
    return what + " failed: " + CUresult.stringFor(status) + " (" + status + ")";
  }
}
