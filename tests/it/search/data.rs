//! Vectors of several kinds, from a seed.

use bytestow::features::search::vector::{Role, unit};
use bytestow::features::search::{Order, Query, Rows, RowsOptions};

/// Random numbers that are the same everywhere.
#[derive(Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    pub fn part(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * 2.0_f64.powi(-53)
    }

    /// Near enough to a normal distribution.
    pub fn normal(&mut self) -> f64 {
        (0..6).map(|_| self.part()).sum::<f64>() - 3.0
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.part() * end as f64) as usize
    }
}

/// How vectors lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// In clusters, narrow ones.
    Easy,
    /// In every direction.
    Hard,
    /// Few different ones, again and again, some of them off by the least there is.
    Duplicates,
    /// Of few numbers that are not zero, or of one.
    Sparse,
}

pub const SHAPES: [Shape; 4] = [Shape::Easy, Shape::Hard, Shape::Duplicates, Shape::Sparse];

/// `count` vectors of such a shape.
pub fn vectors(shape: Shape, count: usize, dimensions: usize, random: &mut Random) -> Vec<Vec<f64>> {
    let clusters = match shape {
        Shape::Hard | Shape::Sparse => 0,
        Shape::Easy => 20,
        Shape::Duplicates => 5,
    };
    let mut normal = |scale: f64| (0..dimensions).map(|_| random.normal() * scale).collect::<Vec<f64>>();
    let centres: Vec<Vec<f64>> = (0..clusters).map(|_| normal(1.0)).collect();
    (0..count)
        .map(|_| match shape {
            Shape::Hard => (0..dimensions).map(|_| random.normal()).collect(),
            Shape::Easy => {
                let centre = &centres[random.below(clusters)];
                centre.iter().map(|number| number + random.normal() * 0.4).collect()
            }
            Shape::Duplicates => {
                let mut vector = centres[random.below(clusters)].clone();
                if random.below(4) == 0 {
                    let at = random.below(dimensions);
                    vector[at] *= 1.0 + 1e-7;
                }
                vector
            }
            Shape::Sparse => {
                let mut vector = vec![0.0; dimensions];
                (0..=random.below(3)).for_each(|_| vector[random.below(dimensions)] = random.normal());
                vector
            }
        })
        .collect()
}

/// `count` vectors as models make them where it is hard, and as the bench has them: in wide clusters, in every direction of
/// 256, of which each number mixes some. Vectors in every direction of all their dimensions have no near ones that bits
/// could find.
pub fn latent(count: usize, dimensions: usize, random: &mut Random) -> Vec<Vec<f64>> {
    const LATENT: usize = 256;
    let mixture: Vec<[(usize, f64); 16]> =
        (0..dimensions).map(|_| [(); 16].map(|()| (random.below(LATENT), random.normal()))).collect();
    let middle: Vec<f64> = (0..dimensions).map(|_| random.normal()).collect();
    let mut drawn = |around: &[f64]| around.iter().map(|number| number + random.normal()).collect::<Vec<f64>>();
    let centres: Vec<Vec<f64>> = (0..1_000).map(|_| drawn(&[0.0; LATENT])).collect();
    let mut vector = |at: usize| {
        let hidden = drawn(&centres[at % centres.len()]);
        let mixed = |of: &[(usize, f64); 16]| of.iter().map(|(at, weight)| hidden[*at] * weight).sum::<f64>();
        mixture.iter().zip(&middle).map(|(of, middle)| middle + mixed(of)).collect()
    };
    (0..count).map(&mut vector).collect()
}

pub fn query(vector: &[f64]) -> Query {
    Query::new(unit(vector, vector.len(), Role::Query).unwrap())
}

/// Rows of these vectors, all of them in memory; equal scores in another order than that of the rows.
pub fn rows(vectors: &[Vec<f64>]) -> Rows {
    let options = RowsOptions { max_exact_bytes: usize::MAX, ..RowsOptions::default() };
    let mut rows = Rows::new(vectors[0].len(), options).unwrap();
    for (at, vector) in vectors.iter().enumerate() {
        let row = unit(vector, vector.len(), Role::Vector(at)).unwrap();
        rows.push(&row, order(at)).unwrap();
    }
    rows
}

/// Some stamps of several rows, the later ones first.
pub fn order(at: usize) -> Order {
    Order { stamp: 1_000_000 - (at / 7) as u64, tie: at as u64 }
}
