package dev.andante.host.model;

import dev.andante.compute.Backend;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import dev.andante.host.config.ComputeProperties;
import dev.andante.host.config.ModelProperties;
import dev.andante.model.ExpertExecutorFactory;
import dev.andante.model.loading.ModelOptions;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens and loads the model of a process, in the precision that is set or, where none is, in the
 * faster one if the model bears it. What was found out about that is kept for later starts, if
 * there is a folder for it.
 *
 * @param experts where the experts of a mixture-of-experts model run, empty = here; asked of such
 *     models only
 * @param backends opens a backend for a precision; it is closed with the model
 * @param builds which build of the code a backend belongs to, empty = nobody can tell
 */
record ModelOpener(
    ModelProperties model,
    ComputeProperties compute,
    ComputePool pool,
    Supplier<Optional<ExpertExecutorFactory>> experts,
    Function<Precision, Backend> backends,
    Function<Backend, Optional<String>> builds) {

  private static final Logger LOG = LoggerFactory.getLogger(ModelOpener.class);

  /**
   * @throws RuntimeException of the format, model or compute modules, saying what is wrong
   */
  LoadedModel open() {
    return switch (compute.precision()) {
      case EXACT -> open(Precision.EXACT);
      case FAST -> open(Precision.FAST);
      case AUTO -> openProbed();
    };
  }

  private LoadedModel open(Precision precision) {
    try (UnloadedModel unloaded = unloaded(precision)) {
      return unloaded.load(options());
    }
  }

  private LoadedModel openProbed() {
    try (UnloadedModel unloaded = unloaded(Precision.FAST)) {
      if (unloaded.backend().precision() == Precision.EXACT) {
        return unloaded.load(options());
      }
      Optional<LoadedModel> fast = canBeProbed(unloaded) ? loadIfBorne(unloaded) : Optional.empty();
      if (fast.isPresent()) {
        return fast.get();
      }
    }
    return open(Precision.EXACT);
  }

  private UnloadedModel unloaded(Precision precision) {
    return UnloadedModel.open(model, backends.apply(precision));
  }

  private ModelOptions options() {
    return new ModelOptions(
        experts, model.contextLength() > 0 ? Optional.of(model.contextLength()) : Optional.empty());
  }

  /** Experts elsewhere may not be up yet. */
  private boolean canBeProbed(UnloadedModel unloaded) {
    return unloaded.source().config().moe() == null || experts.get().isEmpty();
  }

  /** Empty if the model does not bear it; if that is known, nothing is loaded to find out. */
  private Optional<LoadedModel> loadIfBorne(UnloadedModel unloaded) {
    Optional<ProbeFile> file = file(unloaded);
    OptionalDouble known = file.map(ProbeFile::read).orElse(OptionalDouble.empty());
    if (known.isPresent()) {
      return isBorne(known.getAsDouble(), "as an earlier start found")
          ? Optional.of(unloaded.load(options()))
          : Optional.empty();
    }
    LoadedModel loaded = unloaded.load(options());
    double divergence = PrecisionProbe.divergence(loaded.model(), loaded.backend(), pool);
    file.ifPresent(to -> to.write(divergence));
    if (isBorne(divergence, "probed now")) {
      return Optional.of(loaded);
    }
    loaded.close();
    return Optional.empty();
  }

  private Optional<ProbeFile> file(UnloadedModel unloaded) {
    if (compute.probeFolder().isBlank()) {
      return Optional.empty();
    }
    Optional<String> build = builds.apply(unloaded.backend());
    if (build.isEmpty()) {
      LOG.info(
          "what the precision probe finds is not kept, as nothing would tell that the code changed:"
              + " its classes do not lie in jars");
    }
    return build.map(
        known ->
            new ProbeFile(
                Path.of(compute.probeFolder()),
                ProbeKey.of(unloaded.source(), model.contextLength(), unloaded.backend(), known)));
  }

  private static boolean isBorne(double divergence, String source) {
    boolean close = PrecisionProbe.isCloseEnough(divergence);
    LOG.info(
        "fast products cost {} % of perplexity (KL divergence {} nats, {}): {}",
        String.format("%.2f", 100 * (Math.exp(divergence) - 1)),
        String.format("%.4f", divergence),
        source,
        close ? "used" : "not used, as that is more than 1 %");
    return close;
  }
}
