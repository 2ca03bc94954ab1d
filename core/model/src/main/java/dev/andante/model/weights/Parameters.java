package dev.andante.model.weights;

import dev.andante.compute.Backend;
import dev.andante.compute.HostTensor;
import dev.andante.compute.Weight;
import dev.andante.model.UnsupportedModelException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Hands a model its weights. A model is built twice: with {@link #check} to find out whether the
 * source holds exactly what it asks for, before any memory is taken, and with {@link #load}. So the
 * code that builds a model is also the list of its weights.
 */
public final class Parameters {

  private static final int MOST_NAMED = 12;

  private final ParameterSource source;
  private final @Nullable Backend backend;
  private final List<String> missing = new ArrayList<>();
  private final List<String> misshapen = new ArrayList<>();

  private Parameters(ParameterSource source, @Nullable Backend backend) {
    this.source = source;
    this.backend = backend;
  }

  /** Weights that are only names and shapes; {@link #verify} tells what is wrong with them. */
  public static Parameters check(ParameterSource source) {
    return new Parameters(source, null);
  }

  /** Weights loaded in {@code backend}. A missing one is an error at once. */
  public static Parameters load(ParameterSource source, Backend backend) {
    return new Parameters(source, backend);
  }

  public Weight vector(String name, int length) {
    HostTensor tensor = find(name, length);
    return tensor == null || backend == null
        ? new PlannedWeight(name, 1, length)
        : backend.load(tensor);
  }

  public Weight matrix(String name, int outputs, int inputs) {
    return fused(name, inputs, new Part(name, outputs));
  }

  /** Matrices with the same inputs, stacked along their outputs into one weight. */
  public Weight fused(String name, int inputs, Part... parts) {
    List<HostTensor> tensors = new ArrayList<>();
    List<@Nullable HostTensor> biases = new ArrayList<>();
    int outputs = 0;
    boolean biased = false;
    for (Part part : parts) {
      outputs += part.outputs();
      biased |= part.bias() != null;
      HostTensor tensor = find(part.name(), part.outputs(), inputs);
      HostTensor bias = part.bias() == null ? null : find(part.bias(), part.outputs());
      if (tensor != null) {
        tensors.add(tensor);
        biases.add(bias);
      }
    }
    if (backend == null) {
      return new PlannedWeight(name, outputs, inputs);
    }
    return backend.load(name, tensors, biased ? biases : null);
  }

  /** A tensor that belongs to the model but is not needed here; it may be absent. */
  public void skip(String name) {
    source.find(name);
  }

  /**
   * @throws UnsupportedModelException listing all tensors that are missing, of another shape, or
   *     not part of the model
   */
  public void verify() {
    List<String> problems = new ArrayList<>();
    describe("missing", missing, problems);
    describe("of another shape", misshapen, problems);
    Set<String> unexpected = source.unclaimed();
    describe("not part of this architecture", List.copyOf(unexpected), problems);
    if (!problems.isEmpty()) {
      throw new UnsupportedModelException(
          source.description()
              + ": its weights do not fit its configuration. "
              + String.join(". ", problems)
              + ". Use a complete checkpoint of a supported architecture");
    }
  }

  private @Nullable HostTensor find(String name, long... shape) {
    HostTensor tensor = source.find(name, shape);
    String problem = null;
    if (tensor == null) {
      problem = source.nameInFile(name);
      missing.add(problem);
    } else if (!Arrays.equals(tensor.shape(), shape)) {
      problem =
          tensor.name()
              + " "
              + Arrays.toString(tensor.shape())
              + " instead of "
              + Arrays.toString(shape);
      misshapen.add(problem);
      tensor = null;
    }
    if (problem != null && backend != null) {
      verify();
    }
    return tensor;
  }

  private static void describe(String kind, List<String> names, List<String> problems) {
    if (names.isEmpty()) {
      return;
    }
    int more = names.size() - MOST_NAMED;
    problems.add(
        names.size()
            + " "
            + kind
            + ": "
            + String.join(", ", names.subList(0, Math.min(MOST_NAMED, names.size())))
            + (more > 0 ? " and " + more + " more" : ""));
  }
}
