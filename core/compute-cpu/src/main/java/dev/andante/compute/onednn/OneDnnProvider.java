package dev.andante.compute.onednn;

import dev.andante.compute.Backend;
import dev.andante.compute.BackendException;
import dev.andante.compute.BackendProvider;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import dev.andante.compute.ckernels.NativeProvider;
import dev.andante.compute.vector.VectorProvider;

/**
 * Offers bf16 products of many rows, called {@code onednn}; the best one where there is AMX and no
 * C kernels.
 */
public class OneDnnProvider implements BackendProvider {

  private static final System.Logger LOG = System.getLogger(OneDnnProvider.class.getName());

  private final Format format;
  private final Isa limit;

  public OneDnnProvider() {
    this(Format.BF16, Isa.NATIVE);
  }

  /**
   * @param limit the highest instruction set that the library may use; one for the whole process
   */
  OneDnnProvider(Format format, Isa limit) {
    this.format = format;
    this.limit = limit;
  }

  @Override
  public String name() {
    return format.backend();
  }

  @Override
  public int priority() {
    return priority(format, Processor.hasAmx());
  }

  /**
   * Tiles of bf16 beat the Vector API, but not the C kernels, which have them too. Rounding weights
   * to s8 must be asked for by name; that backend stands below all that follow the file more
   * closely.
   */
  static int priority(Format format, boolean amx) {
    return switch (format) {
      case BF16 -> amx ? 150 : 60;
      case S8 -> 50;
    };
  }

  @Override
  public String unavailableReason() {
    String reason = new VectorProvider().unavailableReason();
    return reason.isEmpty() ? OneDnn.unavailableReason() : reason;
  }

  @Override
  public Backend create(ComputePool pool, Precision precision) {
    String reason = unavailableReason();
    if (!reason.isEmpty()) {
      throw new BackendException("backend '" + name() + "' cannot start: " + reason);
    }
    OneDnn library = OneDnn.open(limit);
    if (Processor.hasAmx() && limit == Isa.NATIVE && library.isa().compareTo(Isa.AMX) < 0) {
      LOG.log(
          System.Logger.Level.WARNING,
          "the processor has AMX, but oneDNN may use {0} only: products of many rows may be slower"
              + " than those of the backend native",
          library.isa().text());
    }
    Backend rest = rest(pool, precision);
    try {
      return new OneDnnBackend(
          rest,
          pool,
          library,
          format,
          precision,
          OneDnnBackend.MANY_ROWS,
          MemoryLimit.ofThisMachine());
    } catch (RuntimeException | Error e) {
      rest.close();
      throw e;
    }
  }

  /** The best backend for all the rest. */
  static Backend rest(ComputePool pool, Precision precision) {
    NativeProvider kernels = new NativeProvider();
    return kernels.isAvailable()
        ? kernels.createWithoutTiles(pool, precision)
        : new VectorProvider().create(pool, precision);
  }
}
