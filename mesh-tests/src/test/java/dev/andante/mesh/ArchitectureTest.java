package dev.andante.mesh;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.andante.compute.DType;
import dev.andante.compute.KvLayout;
import dev.andante.compute.KvPool;

/** The arrows of docs/architecture.md. */
@AnalyzeClasses(packages = "dev.andante", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  private static final String[] FRAMEWORKS = {
    "io.grpc..",
    "com.google.protobuf..",
    "org.springframework..",
    "tools.jackson..",
    "com.fasterxml..",
    "reactor.."
  };

  private static final String[] CORE = {
    "dev.andante.compute..",
    "dev.andante.model..",
    "dev.andante.engine..",
    "dev.andante.format..",
    "dev.andante.qoe.."
  };

  @ArchTest
  static final ArchRule coreKnowsNoFramework =
      noClasses()
          .that()
          .resideInAnyPackage(CORE)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(FRAMEWORKS)
          .because("the engine must be usable, and testable, without a wire or a container");

  @ArchTest
  static final ArchRule gatewaySeesNoEngine =
      noClasses()
          .that()
          .resideInAPackage("dev.andante.gateway..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.andante.compute..",
              "dev.andante.model..",
              "dev.andante.engine..",
              "dev.andante.kvtransfer..",
              "dev.andante.format..")
          .because("the gateway learns all it needs of a model from the workers");

  @ArchTest
  static final ArchRule coreDoesNotSeeServices =
      noClasses()
          .that()
          .resideInAnyPackage(CORE)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.andante.service..",
              "dev.andante.host..",
              "dev.andante.kvtransfer..",
              "dev.andante.protocol..",
              "dev.andante.gateway..",
              "dev.andante.prefill..",
              "dev.andante.decode..",
              "dev.andante.draft..",
              "dev.andante.expert..");

  @ArchTest
  static final ArchRule rolesDoNotSeeEachOther =
      slices()
          .matching("dev.andante.(gateway|prefill|decode|draft|expert)..")
          .should()
          .notDependOnEachOther()
          .because("roles meet on the wire only; standalone alone composes them");

  @ArchTest
  static final ArchRule computeSeesNoModel =
      noClasses()
          .that()
          .resideInAPackage("dev.andante.compute..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.andante.model..", "dev.andante.engine..", "dev.andante.format..");

  @ArchTest
  static final ArchRule qoeSeesOnlyTheJdk =
      classes()
          .that()
          .resideInAPackage("dev.andante.qoe..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("java..", "dev.andante.qoe..", "org.jspecify.annotations..")
          .because("gateway, engine and simulator share it");

  @ArchTest
  static final ArchRule simulatorSeesWhatDecidesAndNothingThatComputes =
      classes()
          .that()
          .resideInAPackage("dev.andante.simulator..")
          .should()
          .onlyDependOnClassesThat(
              resideInAnyPackage(
                      "java..",
                      "dev.andante.simulator..",
                      "dev.andante.engine..",
                      "dev.andante.qoe..",
                      "dev.andante.format..",
                      "org.jspecify.annotations..")
                  .or(belongToAnyOf(KvPool.class, KvLayout.class, DType.class)))
          .because(
              "it runs the product's own decisions, without a machine;"
                  + " tiers want a pool, for which one without content stands in");

  @ArchTest
  static final ArchRule nobodySeesTheSimulator =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.andante.simulator..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.andante.simulator..");

  @ArchTest
  static final ArchRule vectorApiStaysInItsBackend =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.andante.compute.vector..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("jdk.incubator.vector..");

  @ArchTest
  static final ArchRule cudaStaysInItsBackend =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.andante.compute.cuda..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("jcuda..");

  @ArchTest
  static final ArchRule nativeCallsStayInTheirBackend =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "dev.andante.compute.ckernels..",
              "dev.andante.compute.onednn..",
              "dev.andante.compute.cuda..")
          .and()
          .doNotHaveFullyQualifiedName("dev.andante.compute.host.HugePages")
          .should()
          .dependOnClassesThat()
          .haveFullyQualifiedName("java.lang.foreign.Linker")
          .because("what may crash the process stays in few places; memory is asked for in one");

  @ArchTest
  static final ArchRule backendsSeeOnlyTheSpi =
      noClasses()
          .that()
          .resideInAnyPackage(
              "dev.andante.compute.vector..",
              "dev.andante.compute.ckernels..",
              "dev.andante.compute.onednn..",
              "dev.andante.compute.cuda..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.andante.compute.reference..")
          .because("the reference judges the backends and must not be part of them");

  @ArchTest
  static final ArchRule noCycles = slices().matching("dev.andante.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule noSystemPropertiesInTheCore =
      noClasses()
          .that()
          .resideInAnyPackage(CORE)
          .should()
          .callMethod(System.class, "getProperty", String.class)
          .orShould()
          .callMethod(System.class, "getenv", String.class)
          .because("settings arrive through constructors");

  @ArchTest
  static final ArchRule exceptionsAreNamedAsSuch =
      classes()
          .that()
          .areAssignableTo(Exception.class)
          .should()
          .haveSimpleNameEndingWith("Exception");
}
