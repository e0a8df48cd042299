// Kubernetes' own pod-security admission over pods that no cluster has seen yet.
//
// Reads one JSON object a line: {"where": for people, "level": "baseline", "pod": {"metadata": ..., "spec": ...}};
// prints a line for each refusal, "where<TAB>reason (detail)", and ends with 1 if there is one.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

type question struct {
	Where string                 `json:"where"`
	Level api.Level              `json:"level"`
	Pod   corev1.PodTemplateSpec `json:"pod"`
}

func main() {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		panic(err)
	}
	refused := false
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			fmt.Fprintln(os.Stderr, "expected a pod as JSON:", err)
			os.Exit(2)
		}
		level := api.LevelVersion{Level: asked.Level, Version: api.LatestVersion()}
		for _, each := range evaluator.EvaluatePod(level, &asked.Pod.ObjectMeta, &asked.Pod.Spec) {
			if !each.Allowed {
				refused = true
				fmt.Printf("%s\t%s (%s)\n", asked.Where, each.ForbiddenReason, each.ForbiddenDetail)
			}
		}
	}
	if refused {
		os.Exit(1)
	}
}
