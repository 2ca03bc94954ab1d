package dev.andante.compute.cuda;

import dev.andante.compute.BackendException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;

/**
 * Loads the PTX beside this class, a file at a time when one of its kernels is first asked for; the
 * driver compiles it for the device and caches the result on disk.
 */
final class Kernels {

  /** Family that every device from compute capability 8.0 on runs. */
  static final String AMPERE = "sm80";

  /** Family that only compute capability 9.0 runs. */
  static final String HOPPER = "sm90";

  private final CudaDevice device;
  private final Map<String, CUmodule> modules = new HashMap<>();
  private final Map<String, Kernel> kernels = new HashMap<>();
  private final Map<Kernel, Integer> shared = new HashMap<>();

  Kernels(CudaDevice device) {
    this.device = device;
  }

  /**
   * @param file name of the source file without its ending
   * @param name name of the kernel in it
   */
  Kernel get(String file, String name) {
    Kernel found = kernels.get(name);
    return found != null ? found : load(file, name);
  }

  private Kernel load(String file, String name) {
    device.use();
    CUmodule module = modules.computeIfAbsent(file, this::compile);
    NativeFunction function = new NativeFunction();
    device.check(JCudaDriver.cuModuleGetFunction(function, module, name), "finding kernel " + name);
    Kernel kernel = new Kernel(name, function, isHopperFile(file));
    kernels.put(name, kernel);
    return kernel;
  }

  private CUmodule compile(String file) {
    CUmodule module = new CUmodule();
    device.check(
        JCudaDriver.cuModuleLoadData(module, ptx(isHopperFile(file) ? HOPPER : AMPERE, file)),
        "compiling " + file + ".ptx for " + device.name());
    return module;
  }

  /** Lets a kernel use this much dynamic shared memory, which may be more than 48 KiB. */
  void allowShared(Kernel kernel, int bytes) {
    Integer allowed = shared.get(kernel);
    if (allowed != null && allowed >= bytes) {
      return;
    }
    shared.put(kernel, bytes);
    device.use();
    device.check(
        JCudaDriver.cuFuncSetAttribute(
            kernel.function(),
            CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
            bytes),
        "reserving " + bytes + " bytes of shared memory for " + kernel.name());
  }

  /** Whether a file's kernels are loaded as made for Hopper: those that overlap. */
  private boolean isHopperFile(String file) {
    return device.capability() == CudaDevice.HOPPER && has(HOPPER, file);
  }

  static boolean has(String family, String file) {
    return Kernels.class.getResource(path(family, file)) != null;
  }

  private static String path(String family, String file) {
    return family + "/" + file + ".ptx.gz";
  }

  /**
   * @throws BackendException if the file is missing from the JAR
   */
  static String ptx(String family, String file) {
    String path = path(family, file);
    try (InputStream packed = Kernels.class.getResourceAsStream(path)) {
      if (packed == null) {
        throw new BackendException("kernel file " + path + " is missing; run build-ptx");
      }
      return new String(new GZIPInputStream(packed).readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException("reading " + path, e);
    }
  }
}
