package dev.andante.model.weights;

import dev.andante.compute.HostTensor;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Tensors by canonical name. */
public interface ParameterSource {

  /** What the tensors belong to, for errors. */
  String description();

  /**
   * @param shape wanted by the caller, who compares; a source that makes tensors up follows it
   * @return null if there is no such tensor
   */
  @Nullable HostTensor find(String name, long... shape);

  /** The name under which a person finds the tensor in the file. */
  String nameInFile(String name);

  /** Names, as in the file, of the tensors that nobody asked for. */
  Set<String> unclaimed();
}
